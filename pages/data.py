"""Where does each number come from?"""

from lib.ui import page

page.heading("Where does each number come from?")
