"""OneDrive for Business: files of one tree. Shapes after learn.microsoft.com/connectors/onedriveforbusiness."""

from __future__ import annotations

from runafter.connectors.file_operations import (
    FILES_SEED,
    convert_file,
    copy_file,
    create_file,
    create_share_link,
    delete_file,
    extract_folder,
    find_files,
    get_file_content,
    get_file_content_by_path,
    get_file_metadata,
    get_file_metadata_by_path,
    get_file_thumbnail,
    list_folder,
    list_root_folder,
    move_file,
    on_new_file,
    seed_files,
    update_file,
)

SEED = FILES_SEED
seed = seed_files

__all__ = [
    "SEED",
    "convert_file",
    "copy_file",
    "create_file",
    "create_share_link",
    "delete_file",
    "extract_folder",
    "find_files",
    "get_file_content",
    "get_file_content_by_path",
    "get_file_metadata",
    "get_file_metadata_by_path",
    "get_file_thumbnail",
    "list_folder",
    "list_root_folder",
    "move_file",
    "on_new_file",
    "seed",
    "update_file",
]
