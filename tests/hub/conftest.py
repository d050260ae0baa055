from tests.notebook.conftest import SMALL, run_folder, small_config, terrain_file

__all__ = ["SMALL", "run_folder", "small_config", "terrain_file"]
