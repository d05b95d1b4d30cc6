"""What several curves are made of."""
