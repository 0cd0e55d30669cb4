"""What is in this source?"""

from lib.ui import page

page.heading("What is in this source?")
