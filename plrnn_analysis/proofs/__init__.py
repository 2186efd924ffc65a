"""Proofs that can be handed on: certificates of fixed points in whole numbers, and their independent check."""

from .checking import Verification, checker_path, verify_certificate
from .writing import write_certificate

__all__ = ["Verification", "checker_path", "verify_certificate", "write_certificate"]
