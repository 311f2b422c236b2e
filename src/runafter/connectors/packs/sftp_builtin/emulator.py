"""SFTP (built-in): files of one tree. Shapes after learn.microsoft.com/azure/logic-apps/connectors/built-in/reference/sftp."""

from __future__ import annotations

from runafter.connectors.file_operations import (
    FILES_SEED,
    append_file,
    copy_file,
    create_folder,
    delete_file,
    delete_folder,
    get_file_content,
    get_file_content_v2,
    get_file_metadata,
    list_folder,
    on_new_file,
    rename_file,
    seed_files,
    update_at_path,
    write_at_path,
)

SEED = FILES_SEED
seed = seed_files

__all__ = [
    "SEED",
    "append_file",
    "copy_file",
    "create_folder",
    "delete_file",
    "delete_folder",
    "get_file_content",
    "get_file_content_v2",
    "get_file_metadata",
    "list_folder",
    "on_new_file",
    "rename_file",
    "seed",
    "update_at_path",
    "write_at_path",
]
