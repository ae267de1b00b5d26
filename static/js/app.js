// What the browser adds to pages that work without it. htmx comes first, as its extensions
// and our modules hang on it.
import "htmx.org";
import "htmx.org/dist/ext/hx-sse.js";
import "htmx.org/dist/ext/hx-ptag.js";

import "./session.js";
import "./answers.js";
import "./dialog.js";
import "./forms.js";
import "./reveal.js";
import "./copy.js";
import "./times.js";
import "./days.js";
import "./picker.js";
import "./selection.js";
import "./keys.js";
import "./rows.js";
import "./live.js";
import "./look.js";
import "./pictures.js";
import "./print.js";
import "./rotation.js";
