"""What is known about this model?"""

from lib.ui import page

page.heading("What is known about this model?")
