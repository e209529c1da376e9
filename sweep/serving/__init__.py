"""Servers of others as child processes that end with whoever started them."""

from sweep.serving.doors import free_ports, starting_alone
from sweep.serving.own_folder import own_folder
from sweep.serving.server_process import Server, ServerProcess

__all__ = ["Server", "ServerProcess", "free_ports", "own_folder", "starting_alone"]
