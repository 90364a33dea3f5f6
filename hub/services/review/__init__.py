"""What deliveries look like beside each other: findings to confirm, and those that hold a delivery back."""
