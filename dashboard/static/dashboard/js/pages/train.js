// Enrolment: no camera before the person agreed to the text on this page.
import "../elements/face-capture.js";

const consent = document.getElementById("consent");
const lends = document.getElementById("cohort-consent");
const form = document.getElementById("assertion-form");

// The form that asks for the ticket carries what was agreed to.
function carry(name) {
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = name;
  form.append(field);
  return field;
}
const agreed = carry("consent");
const lent = carry("cohort_consent");

document.addEventListener("capture-start", (event) => {
  agreed.value = consent.checked ? consent.value : "";
  lent.value = lends.checked ? "yes" : "";
  consent.classList.toggle("is-invalid", !consent.checked);
  if (!consent.checked) {
    consent.focus();
    event.preventDefault();
  }
});
