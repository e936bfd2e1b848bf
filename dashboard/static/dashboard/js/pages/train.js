// Enrolment: no camera before the person agreed to the text on this page.
import "../elements/face-capture.js";

const consent = document.getElementById("consent");
const form = document.getElementById("assertion-form");

// The form that asks for the ticket carries what was agreed to.
const agreed = document.createElement("input");
agreed.type = "hidden";
agreed.name = "consent";
form.append(agreed);

document.addEventListener("capture-start", (event) => {
  agreed.value = consent.checked ? consent.value : "";
  consent.classList.toggle("is-invalid", !consent.checked);
  if (!consent.checked) {
    consent.focus();
    event.preventDefault();
  }
});
