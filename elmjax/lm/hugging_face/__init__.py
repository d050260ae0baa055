"""Our decoder under the names of Hugging Face: configuration, tensors and files.

A family is a way to write `config.json` (`configs`) and to name and lay out tensors (`layouts`);
the decoder knows no family.
"""

from elmjax.lm.hugging_face.configs import FAMILIES, config_from_hugging_face
from elmjax.lm.hugging_face.own import config_to_hugging_face
from elmjax.lm.hugging_face.tensors import tensors_from_hugging_face, tensors_to_hugging_face

__all__ = [
    "FAMILIES",
    "config_from_hugging_face",
    "config_to_hugging_face",
    "tensors_from_hugging_face",
    "tensors_to_hugging_face",
]
