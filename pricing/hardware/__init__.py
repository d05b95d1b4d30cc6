"""What rollouts cost and how long they take on rented accelerators: measured rows, laws fitted to them, deployments."""
