"""Every sentence the camera's script may show, here so that gettext covers it."""

from django.utils.translation import gettext as _


def capture_texts() -> dict[str, dict[str, str]]:
    """Return the sentences by kind and code, for `json_script`."""
    return {
        "phase": {
            "idle": _("Press the button when you sit in front of the camera."),
            "camera": _("Allow the camera in your browser."),
            "connecting": _("Connecting ..."),
            "capturing": _("Look at the camera."),
            "accepted": _("Good. Keep looking at the camera."),
            "submitting": _("Done."),
        },
        "reason": {
            "no_face": _("No face in the picture. Sit in front of the camera."),
            "several_faces": _("More than one face. Make sure you are alone in the picture."),
            "too_small": _("Come closer."),
            "too_large": _("Move back a little."),
            "off_centre": _("Move to the middle of the picture."),
            "too_dark": _("It is too dark. Turn on a light in front of you."),
            "too_bright": _("It is too bright. Turn away from the light."),
            "uneven_light": _("The light comes from one side. Face the light."),
            "blurred": _("The picture is blurred. Hold still, or wipe the lens."),
            "not_frontal": _("Look straight at the camera."),
            "repeated_frame": _("The picture does not change. Is the camera frozen?"),
            "undecodable": _("The camera sent no usable picture."),
            "too_many_pixels": _("The picture is too large."),
        },
        # The person's own left and right.
        "step": {
            "look_straight": _("Look straight at the camera."),
            "turn_left": _("Turn your head well to your left, and stay until you are asked back."),
            "turn_right": _(
                "Turn your head well to your right, and stay until you are asked back."
            ),
        },
        "prompt": {
            "more_light": _("Good. With a little more light it will work better."),
            "turn_slightly": _("Good. Now turn your head very slightly."),
            "glasses_on": _("Good. Now put your glasses on, if you wear any."),
            "glasses_off": _("Good. Now take your glasses off, if you wear any."),
            "come_closer": _("Good. Now come a little closer."),
        },
        "camera": {
            "denied": _(
                "The browser may not use the camera. Click the camera sign beside the address, "
                "allow it and try again."
            ),
            "missing": _("No camera was found. Plug one in and try again."),
            "busy": _("Another program uses the camera. Close it and try again."),
            "insecure": _(
                "Browsers give the camera to secure pages only. Open this page by https, or by "
                "localhost on your own machine."
            ),
        },
        "outcome": {
            "non_match": _("This face was not recognised as yours."),
            "failure_to_acquire": _("The camera did not see enough of your face."),
            "failure_to_enrol": _(
                "Your face could not be learned from these pictures; nothing was changed. Sit in "
                "even light, near the camera, look at it and try again."
            ),
            "presentation_attack": _(
                "This try was not accepted. Sit alone in even light, keep your place, and turn "
                "only your head, when the arrow is there. Or use another factor."
            ),
            "cancelled": _("Stopped."),
            "expired": _("Time ran out. Try again and look straight at the camera."),
        },
        # The server is lost, not the attempt: the page comes back by itself.
        "comeback": {
            "lost": _("The connection was lost. Trying again; stay in front of the camera."),
            "unreachable": _("The face service does not answer. Trying again in a moment."),
            "server_draining": _(
                "The face service is being restarted. Going on in a moment; stay in front of the "
                "camera."
            ),
            "server_full": _("Many people are signing in just now. Trying again in some seconds."),
            "temporarily_unavailable": _("The face service had a fault. Trying again in a moment."),
        },
        "error": {
            "unreachable": _(
                "The face service cannot be reached at the moment. Try again shortly, or use "
                "another factor."
            ),
            "lost": _("The connection was lost. Try again."),
            "ticket": _("Sign-in is not available at the moment. Try again shortly."),
        },
        "label": {"camera": _("Camera"), "attempts": _("Tries left today: {count}")},
    }


def light_texts() -> dict[str, dict[str, str]]:
    """Return the sentences for adding a light: even light is no advice where this one is wanted."""
    texts = capture_texts()
    texts["outcome"]["failure_to_enrol"] = _(
        "This light was not added; nothing was changed. The pictures differ too much from your "
        "enrolled face or from each other. Sit still, look straight at the camera and try again. "
        "If it stays so, enrol your face again in this light."
    )
    return texts
