"<html></html>"
