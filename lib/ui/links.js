// Three mends of Streamlit's own links, of which nothing in Python knows.
//
// Back leads to the page that a link was on, with its filters. Streamlit tells the browser of a link in two steps, the new
// page's choices first and its path after: one step Back would be the old page with the choices of the new one
// (streamlit/streamlit, pull request 9049). The first step is left out here.
//
// A pinned view names its snapshot in its links and in a field of every page, and Streamlit writes both down: once will do.
//
// A link beside the page, as the search finds them, closes the menu on a phone as the menu's own links do: it covers the
// page that was asked for.
{
  const LONGEST_MS = 20000;
  const PHONE_PX = 768;
  const LINKS = 'a[data-testid="stPageLink-NavLink"], a[data-testid="stSidebarNavLink"]';
  const CLOSE = "[data-testid=stSidebarCollapseButton] button";
  let leftAt = 0;
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest(LINKS);
      const isHere = link && !(event.ctrlKey || event.metaKey || event.shiftKey);
      leftAt = isHere && new URL(link.href).pathname !== location.pathname ? Date.now() : 0;
      const isBeside = isHere && link.matches("[data-testid=stSidebar] [data-testid=stPageLink-NavLink]");
      if (isBeside && innerWidth <= PHONE_PX) setTimeout(() => document.querySelector(CLOSE)?.click());
    },
    true,
  );
  const push = history.pushState.bind(history);
  const once = (address) => {
    const url = new URL(address, location.href);
    const [pinned, ...more] = url.searchParams.getAll("snapshot");
    if (!more.length) return address;
    url.searchParams.set("snapshot", pinned);
    return url.href;
  };
  history.pushState = (state, title, given) => {
    const address = once(given);
    const isSamePage = new URL(address, location.href).pathname === location.pathname;
    if (isSamePage && Date.now() - leftAt < LONGEST_MS) return;
    leftAt = 0;
    push(state, title, address);
  };
}
