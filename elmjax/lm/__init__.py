"""The language model: decoder, tokenizer, sampling, training, storage. Import from submodules."""
