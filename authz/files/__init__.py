"""Policy files: rules in TOML, added to those of the policies, and read again while the server runs."""
