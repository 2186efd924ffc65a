"""The commands that train, one file each; :mod:`plrnn_training.cli` enters them. torch is imported inside them."""
