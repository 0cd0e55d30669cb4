"""How do a few models compare, side by side?"""

from lib.ui import page

page.heading("How do a few models compare, side by side?")
