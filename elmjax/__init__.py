"""Evolution through Large Models in JAX. Imports nothing heavy: `import elmjax` loads no jax."""

__version__ = "0.1.0"
__all__ = ["__version__"]
