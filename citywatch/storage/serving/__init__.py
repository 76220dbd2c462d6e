"""What the API and the delivery worker read and write; asynchronous."""
