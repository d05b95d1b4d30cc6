for (const header of document.querySelectorAll("table.sortable th[scope=col]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  header.append(button);
  button.addEventListener("click", () => {
    const isUp = header.getAttribute("aria-sort") === "descending";
    const table = header.closest("table");
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    const at = header.cellIndex;
    const key = (row) => row.cells[at].dataset.sort ?? (row.cells[at].classList.contains("n") ? "" : row.cells[at].textContent);
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      const [m, n] = [Number(x), Number(y)];
      const order = Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n;
      return isUp ? order : -order;
    };
    for (const body of table.tBodies) {
      const rows = [...body.rows].filter((row) => row.cells.length > at && !row.classList.contains("group"));
      body.append(...rows.sort(compare));
    }
  });
}
