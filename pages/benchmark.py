"""What does this benchmark show?"""

from lib.ui import page

page.heading("What does this benchmark show?")
