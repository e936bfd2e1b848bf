// Another light for a face that is enrolled: nothing to add to the element.
import "../elements/face-capture.js";
