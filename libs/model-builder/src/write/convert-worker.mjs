// Where a worker thread starts: in JavaScript, because Node 20 cannot start one from TypeScript, and the tests run from the sources.
import './convert-messages.js';
