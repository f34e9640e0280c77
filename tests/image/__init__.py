"""The real images and compose file, built and run: `make image-test`. Not collected by `make test`."""
