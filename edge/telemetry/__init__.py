"""What leaves for Sentry or OpenTelemetry, without secrets. Both are extras: nothing here is imported unless you do."""
