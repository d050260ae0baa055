"""Low-rank adapters on a model, as a stage's section `lora` configures them."""

import json
from dataclasses import replace

import jax

from elmjax.config import Config, ConfigError, LoRAConfig
from elmjax.lm.config import DecoderConfig
from elmjax.lm.hugging_face import config_from_hugging_face
from elmjax.lm.lora import peft
from elmjax.lm.lora.adapters import init_adapters, join
from elmjax.lm.lora.shape import LoRA
from elmjax.lm.lora.targets import make_lora
from elmjax.lm.store import CONFIG_FILE, LanguageModel
from elmjax.stages.run import local_folder, model_folder


def adapted(model: LanguageModel, config: LoRAConfig, section: str, seed: int) -> LanguageModel:
    """A model with fresh adapters, which computes what it did; itself where none are asked for.

    Raises:
        ConfigError: a target is no projection of the model.
    """
    shape = adapted_shape(model.config, model.family, config, section)
    if shape.lora is None:
        return model
    adapters = init_adapters(shape, jax.random.key(seed))
    return replace(model, params=join(model.params, adapters), config=shape)


def adapted_shape(
    shape: DecoderConfig, family: str, config: LoRAConfig, section: str
) -> DecoderConfig:
    """The shape of a decoder with the adapters that are asked for.

    Raises:
        ConfigError: a target is no projection of the decoder.
    """
    return replace(shape, lora=_lora(shape, family, config, section))


def check_adapters(config: Config) -> None:
    """Fails early on targets that a model does not have.

    Raises:
        ConfigError: naming the target, and those that there are.
    """
    learned, tuned = config.finetune, config.operator
    asked = [("finetune.lora", learned.lora, learned.init)]
    # A model of random weights has learned by stage 3.
    if not config.conditional.base and learned.init != "random":
        asked.append(("conditional.lora", config.conditional.lora, learned.init))
    if tuned.rounds > 0 or tuned.every > 0:
        asked.append(("operator.lora", tuned.lora, config.evolve.model))
    for section, lora, name in asked:
        if lora.rank > 0 and name == "random":
            raise ConfigError(
                f"{section}.rank: got {lora.rank} with random weights, which adapters cannot teach "
                "anything; wanted 0, or a model in finetune.init"
            )
        if lora.rank > 0:
            shape, family = _shape_of(name)
            _lora(shape, family, lora, section)


def base_name(name: str) -> str:
    """What adapters say they stand beside, wherever they are read from."""
    folder = local_folder(name)
    return name if folder is None else str(folder.resolve())


def _shape_of(name: str) -> tuple[DecoderConfig, str]:
    """Shape and family of a model that is not read yet."""
    try:
        folder = model_folder(name)
        if peft.is_adapter(folder):
            folder = model_folder(peft.base_of(folder))
        content = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return config_from_hugging_face(content), content["model_type"]
    except (ValueError, OSError) as error:
        raise ConfigError(f"model {name}: {error}") from None


def _lora(shape: DecoderConfig, family: str, config: LoRAConfig, section: str) -> LoRA | None:
    if config.rank == 0:
        return None
    try:
        return make_lora(
            shape, family, rank=config.rank, alpha=config.alpha, targets=config.targets
        )
    except ValueError as error:
        raise ConfigError(f"{section}.targets: {error}") from None
