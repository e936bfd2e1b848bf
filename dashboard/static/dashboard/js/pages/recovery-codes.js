// Recovery codes: the button to print is there only where this script is.
const button = document.getElementById("print-codes");
button.addEventListener("click", () => window.print());
button.classList.remove("d-none");
