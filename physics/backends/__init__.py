"""The only place that sees a batch. Every backend serves the contract of `xla`."""
