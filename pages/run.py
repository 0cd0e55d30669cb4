"""What is in this run?"""

from lib.ui import page

page.heading("What is in this run?")
