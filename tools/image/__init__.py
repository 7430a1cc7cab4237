"""Makes, signs and explains images: an app directory goes in, the file to upload to Notehub comes out.

Run it as `python -m tools.image`; docs/IMAGES.md explains it.
"""
