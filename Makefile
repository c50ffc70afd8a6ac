# Thin names for dev.py, which needs nothing but Python 3.11 or later.
PYTHON ?= python3

.PHONY: help run test browser check lock audit bench
help run test browser check lock audit bench:
	@$(PYTHON) dev.py $@ $(ARGS)
.DEFAULT_GOAL := help
