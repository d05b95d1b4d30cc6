"""The replay of a trace's own order of calls: critical paths, and a fleet that its rollouts run on."""
