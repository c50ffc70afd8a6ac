"""Production: every secret from the environment or a file, TLS behind a trusted proxy, nothing weak accepted."""

from config import env

from .base import *  # noqa: F403
from .security import *  # noqa: F403

DEBUG = False
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
DATABASES = {"default": env.database(env.secret("DATABASE_URL", min_bytes=0))}
