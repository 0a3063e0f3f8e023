"""Commands of linear algebra."""
