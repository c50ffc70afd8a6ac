"""What runs in processes of its own, beside a contender that may not meet the others."""
