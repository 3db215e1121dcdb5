// no policy change fixes this case
