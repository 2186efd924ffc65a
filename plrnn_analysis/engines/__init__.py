"""The parts that searches are made of: reduction, tree searches, verification of what they find."""
