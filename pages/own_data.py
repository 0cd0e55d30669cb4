"""How do I put my own results beside these?"""

from lib.ui import page

page.heading("How do I put my own results beside these?")
