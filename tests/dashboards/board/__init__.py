"""Reads the dashboards of a stack, draws them, and asks a Prometheus for what they show."""
