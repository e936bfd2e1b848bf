// The second factor by camera: nothing to add to the element.
import "../elements/face-capture.js";
