"""The training runs: pretrain, evolve (stage 1), finetune (stage 2), conditional (stage 3)."""
