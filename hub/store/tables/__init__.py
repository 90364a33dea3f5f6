"""Reading and writing the database: one module per subject, each inside the transaction of its caller."""
