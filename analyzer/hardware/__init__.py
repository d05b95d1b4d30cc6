"""What is known of accelerators, and what follows from it: tables for people. One question per module."""
