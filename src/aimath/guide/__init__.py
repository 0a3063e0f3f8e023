"""The guide from mathematics to AI, as data: chapters, claims, map, roadmap, resources."""
