"""Speed and memory as ratios; see README.md beside this file."""
