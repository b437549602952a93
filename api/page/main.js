// Starts the page: shows what the address asks for, while the session finds out who is here.

import * as router from "./router.js";
import * as shell from "./shell.js";

shell.start();
router.start();
