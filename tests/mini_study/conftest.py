"""The pages' own way to open one."""

from tests.ui.conftest import open_app as open_app
