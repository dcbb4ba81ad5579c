"""Real-time neural audio inference."""
