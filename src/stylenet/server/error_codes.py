"""The codes of errors and notices: stable identifiers for programs, and for the translations of web pages."""

from __future__ import annotations

CODES = {
    # pictures
    "upload-too-large": "The upload has too many bytes; values: bytes, max_mb.",
    "upload-cut-off": "Not all bytes of the upload were received.",
    "empty-upload": "The upload has no bytes.",
    "storage-full": "The disk space for pictures is in use by jobs; values: max_mb, seconds.",
    "too-many-megapixels": "The picture has too many pixels; values: megapixels, most.",
    "not-a-picture": "The file is not a picture of a supported format.",
    "damaged-picture": "The picture is damaged or cut off.",
    "unusable-picture": "The picture cannot be used for another reason.",
    "picture-gone": "The picture was never uploaded, or is no longer stored; values: id.",
    "photo-too-small": "The photo is too small for the recipe; values: width, height, least.",
    "style-too-small": "The picture of the style is too small; values: width, height, least.",
    "empty-mask": "The mask is empty.",
    "no-face": "No face was found in the photo.",
    "no-subject": "No subject was found in the photo.",
    # paintings
    "unknown-style": "There is no such style; values: style.",
    "unusable-style": "The style cannot be used with this recipe, or its file is broken.",
    "invalid-recipe": "A parameter of the recipe does not exist, or its value is not allowed.",
    "invalid-value": "A field or parameter does not exist, or its value is not allowed.",
    "not-installed": "An optional package is missing; values: package, command.",
    "unusable-weights": "The weights of a network are missing or damaged.",
    "out-of-memory": "The picture does not fit into the memory.",
    "out-of-time": "The time limit was exceeded.",
    "diverged": "The optimization diverged.",
    "not-written": "The result could not be written.",
    "not-resumable": "The job could not be resumed.",
    "process-lost": "The painting process ended or did not respond.",
    "failed": "The painting failed for another reason.",
    # jobs
    "queue-full": "Too many jobs are waiting; values: most, seconds.",
    "job-gone": "The job does not exist, or was deleted.",
    "job-lost": "The painting process was lost several times in a row; the job has failed.",
    "job-not-ended": "The job has not ended yet.",
    "no-result": "The job has ended without a result.",
    "no-preview": "The job has no preview yet.",
    # requests
    "server-busy": "Too many requests are waiting; values: seconds.",
    "superseded": "A newer preview of the same client replaced this one.",
    "request-too-slow": "The request was not complete in time.",
    "connection-closed": "The client closed the connection.",
    "unauthorized": "The token is missing or wrong.",
    "unknown-host": "The host name is not one of the server's.",
    "foreign-origin": "The request comes from another web page or site.",
    "invalid-request": "The request is malformed.",
    "wrong-media-type": "The body has the wrong media type.",
    "body-too-long": "The JSON body has too many bytes.",
    "not-found": "There is nothing at this address.",
    "method-not-allowed": "The address does not support this method.",
    "unexpected-error": "An internal error; the server's log has details.",
    # the WebSocket
    "not-a-websocket": "The address accepts only WebSockets.",
    "too-many-cameras": "The server is painting as many cameras as it can; values: most.",
    "invalid-frame": "The frame is too large or not a JPEG file.",
}
"""The meaning of each error code, and the names of the values that come with it."""

NOTICES = {
    # the server
    "server-restarted": "The server was restarted, and the job is resumed.",
    "process-replaced": "The painting process was lost, and the job is resumed in a new process.",
    "time-over": "The time limit of the job is reached, and the best picture so far is kept; values: minutes.",
    # the photo
    "animated": "The first frame of an animation is used; values: frames.",
    "several-pages": "The first page of a file is used; values: pages.",
    "fully-transparent": "The picture is fully transparent, and painted as white.",
    "values-clipped": "Values outside of black to white are clipped; values: low, high.",
    "values-stretched": "The values are scaled to black to white; values: low, high.",
    "damaged-chunks": "Damaged parts of a PNG file are ignored; values: chunks.",
    "no-end-marker": "The end marker of a JPEG file is missing, but no rows.",
    "hdr-tone-curve": "An HDR picture is read as sRGB; values: curve.",
    "damaged-profile": "The color profile is damaged, and ignored.",
    "other-profile": "The color profile is for another kind of picture, and ignored; values: space, mode.",
    "profile-in-8-bits": "The color profile is applied in 8 bits to a picture with more.",
    "no-cmyk-profile": "A CMYK picture without a color profile has approximate colors.",
    "stretched-mask": "The mask is stretched to fit the photo; values: name, width, height, photo_width, photo_height.",
    # the painting
    "smaller": "The photo is painted at a smaller size; values: width, height, photo_width, photo_height.",
    "enlarged": "The photo is enlarged more than twice; values: width, height, times.",
    "other-encoder": "The recipe was tuned for another encoder; values: used, tuned.",
    "other-weights": "The recipe was tuned for other weights of the encoder; values: used, tuned.",
    "fewer-threads": "Fewer threads are used than requested; values: used, threads.",
    "no-torch": "PyTorch is not installed, and a single pass is used; values: command.",
    "nothing-saved": "The painting has fewer steps than the interval of intermediate pictures; values: steps, save_every.",
    "texture-period": "The texture tiles seamlessly only at multiples of a size; values: period.",
    "resumed": "The painting is resumed; values: step.",
    "nothing-to-resume": "There is no checkpoint, and the painting starts from the beginning.",
    "smaller-tiles": "Memory ran out, and the painting continues in tiles; values: pixels.",
    "step-undone": "A step of the optimization diverged, and was repeated with a smaller step size; values: step.",
    "solver-restarted": "The optimization diverged, and was restarted from the best picture; values: step.",
    "best-used": "The optimization ended above its lowest loss, and the picture with the lowest is used.",
    "ended-early": "The loss no longer falls, and the level ends early; values: steps.",
}
"""The meaning of each notice code."""
