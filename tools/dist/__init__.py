"""What is handed to people: package.json for mip, archives for both interpreters, checksums: `make dist`."""
