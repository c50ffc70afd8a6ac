"""The tenant clause once more, in the database: PostgreSQL's row level security, generated from the policies.

A statement that no policy saw (raw SQL, a forgotten `scoped`, a report) then meets the same border. It guards against
mistakes of the host's code; who can run SQL of their own under the application's role can set the tenant, too.
"""
